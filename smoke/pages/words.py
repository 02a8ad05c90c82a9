"""The labels that the six steps touch, in the three languages of VendHub's pages."""

LANGUAGES = ("ru", "uz", "en")

_TABLE = {
    # name: as the pages of each language spell it (facts 3.3, 4, 5.4)
    "email": ("Email", "Email", "Email"),
    "password": ("Пароль", "Parol", "Password"),
    "sign in": ("Войти", "Kirish", "Sign In"),
    "dashboard": ("Дашборд", "Boshqaruv paneli", "Dashboard"),
    "tasks": ("Задачи", "Vazifalar", "Tasks"),
    "create task": ("Создать задачу", "Vazifa yaratish", "Create task"),
    "title": ("Название", "Nomi", "Title"),
    "type": ("Тип", "Turi", "Type"),
    "machine": ("Автомат", "Avtomat", "Machine"),
    "due": ("Срок", "Muddat", "Due date"),
    "description": ("Описание", "Tavsif", "Description"),
    "save": ("Сохранить", "Saqlash", "Save"),
    "status": ("Статус", "Holat", "Status"),
    "completed": ("Завершена", "Yakunlangan", "Completed"),
    "start": ("Начать", "Boshlash", "Start"),
    "assignee": ("Исполнитель", "Ijrochi", "Assignee"),
    "assign": ("Назначить", "Tayinlash", "Assign"),
    "photo before": ("Фото до", "Oldingi foto", "Photo before"),
    "photo after": ("Фото после", "Keyingi foto", "Photo after"),
    "notes": ("Примечание", "Izoh", "Notes"),
    "complete": ("Завершить", "Yakunlash", "Complete"),
    "average": ("Средний чек", "O'rtacha chek", "Average order"),
    "orders": ("Заказы", "Buyurtmalar", "Orders"),
    "clients": ("Активных клиентов", "Faol mijozlar", "Active customers"),
    "online": ("Автоматы онлайн", "Onlayn avtomatlar", "Machines online"),
    "stock": ("Запасы критичны", "Kam qolgan zaxira", "Critical stock"),
    "queue": ("Очередь задач", "Vazifalar navbati", "Task queue"),
}


def word(language: str, name: str) -> str:
    """A label in a language; raises KeyError or ValueError for one that is not in the table."""
    return _TABLE[name][LANGUAGES.index(language)]
